"""`{{ job.created_at|time_tag }}`: how long ago, with the exact time on hover."""

from django import template

from console.times import relative_time, time_tag

register = template.Library()
register.filter(time_tag)
register.filter(relative_time)
