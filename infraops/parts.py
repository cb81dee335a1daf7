"""What infraops itself adds to the console: home, the API's documentation, the database check."""

from console.collected import HealthCheck, MenuEntry

from .health import examine_database

MENU = [
    MenuEntry(words="Home", icon="home", url_name="home", keys="g h", order=110),
    MenuEntry(words="API", icon="api", url_name="api:docs", group="Administration", order=440),
]

HEALTH = [HealthCheck(name="database", examine=examine_database, is_basis=True, order=0)]

PARTS = [*MENU, *HEALTH]
