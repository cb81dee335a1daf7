"""Makes up a fleet and its weeks of work, for trying the console out and for measuring it.

`manage.py seed_data` calls `making.seed`. Nothing here is imported by anything else.
"""
