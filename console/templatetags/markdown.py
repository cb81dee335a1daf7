"""The filter `markdown`: `{{ ticket.description|markdown }}`."""

from django import template

from console.markdown import markdown_html

register = template.Library()
register.filter("markdown", markdown_html)
