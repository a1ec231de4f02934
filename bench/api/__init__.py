"""The whole of a sweep from Python: one call, and an object that shows itself. `bench` has its names."""

import warnings

# Libraries of ours import tqdm, which asks every notebook for widgets that nothing here uses.
warnings.filterwarnings("ignore", message="IProgress not found")
