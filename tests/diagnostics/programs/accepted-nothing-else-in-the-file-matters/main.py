import torch
from pipec.sdk import pipeline, step

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
table = [row for row in torch.zeros(3)]

if torch.__version__ > "2":
    extra = 1


class Net(torch.nn.Module):
    pass


@step
def train() -> None:
    print(device)


@pipeline
def training():
    train()


if __name__ == "__main__":
    training()
