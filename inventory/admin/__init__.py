from . import credentials, inventories, servers  # noqa: F401  (each registers its own)
