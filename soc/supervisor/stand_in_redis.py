"""`python -m soc.supervisor.stand_in_redis PORT`: fakeredis's server, where no real Redis can be had."""

import sys

from fakeredis import TcpFakeServer


def main() -> None:
    TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis").serve_forever()


if __name__ == "__main__":
    main()
