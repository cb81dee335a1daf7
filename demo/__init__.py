"""Generates a made-up fleet with weeks of history, to try out the console and to measure it.

`manage.py seed_data` calls `making.seed`. No other app imports this one.
"""
