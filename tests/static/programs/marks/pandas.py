import mark
