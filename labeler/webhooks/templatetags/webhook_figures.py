"""The figure of a target in words."""

from django import template

from labeler.webhooks.forms import METRICS

register = template.Library()
WORDS = {str(name): words for name, words in METRICS}


@register.filter
def figure_words(metric: str) -> str:
    """ "average_precision" → "Average precision"."""
    return str(WORDS[metric])
