from . import credentials, inventories, servers, smart_groups  # noqa: F401  (each registers its own)
