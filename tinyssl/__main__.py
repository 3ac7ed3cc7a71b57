"""`python -m tinyssl`: the same as the command `tinyssl`."""

from tinyssl.cli.main import run

if __name__ == "__main__":
    run()
