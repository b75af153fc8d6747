# The airflow DAG of this file was forgotten.
VALUE = 1
