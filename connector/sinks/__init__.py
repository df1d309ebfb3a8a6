"""Where records go: one module or folder per destination."""
