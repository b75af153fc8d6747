import mark

from .load import load
