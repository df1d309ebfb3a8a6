"""Where the values of references come from, a file each, on the contract in ``base``."""
