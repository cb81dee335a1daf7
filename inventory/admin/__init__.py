from . import (  # noqa: F401  (each registers its own)
    credentials,
    inventories,
    overrides,
    servers,
    smart_groups,
    sources,
)
