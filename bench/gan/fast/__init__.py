"""The same layers, sooner: layouts and forms that the backend is fastest at; only the builder knows of it."""
