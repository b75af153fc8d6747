"""What runs inside a step, on every target: reads its inputs, calls the user's function, stores its outputs.

These files travel with every generated artifact and need the standard library alone; pandas, numpy, pyarrow,
cloudpickle and fsspec are imported only when a value or a place needs them.
"""
