"""The whole of a sweep from Python: one call, and an object that shows itself. `bench` has its names."""
