"""Materializers: how a value becomes files and a value again.

    json            what canonical JSON says exactly, with items that it cannot say as artifacts of their own below
    bytes           raw
    text            `HTMLString` and its relatives, under the file extension that people expect
    path            a file as it is, a folder as a tar archive; a path to nothing stays a path
    pandas          Parquet, where it gives back the same DataFrame or Series; else pickle
    numpy           `.npy` without pickled objects
    pickle          everything else, with cloudpickle where it is installed, and a warning
    module:Class    the user's subclass of `BaseMaterializer`

Which one stores a value: the class that the step names for the output; else a class of the user's that is declared for
the value's type; else the first above whose types these are. An artifact is read by what has written it.
"""
