from pipelines import iris_training

if __name__ == "__main__":
    iris_training()
