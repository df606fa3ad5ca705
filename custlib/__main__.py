"""`python -m custlib …`"""

from custlib.cli import main

if __name__ == "__main__":
    main()
