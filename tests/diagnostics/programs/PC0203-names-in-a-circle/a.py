from b import RATE
