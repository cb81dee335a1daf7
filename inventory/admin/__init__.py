from . import credentials, inventories, overrides, servers, sources  # noqa: F401  (each registers)
