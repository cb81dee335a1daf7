"""What the trail asks the apps above it."""

from django.dispatch import Signal

# Which other objects' lines belong into the story of this one? Sender: its model. Argument: object.
# Receivers return a Chapter (audit.story) or None, at the price of one query that an index bounds.
story_asked = Signal()
