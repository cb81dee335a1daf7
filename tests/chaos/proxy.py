"""A TCP proxy for MySQL or MariaDB that can cut connections, stall, or lose answers to commits."""

import contextlib
import random
import socket
import threading

QUERY = 3
OF_100_COMMITS = 25


class Connection:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.loses_answer = False

    def cut(self) -> None:
        for each in (self.client, self.server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Proxy:
    """`Proxy(port).start()`; clients connect to `.port`. Loopback only."""

    def __init__(self, host: str, port: int, seed: int = 0) -> None:
        self.upstream = (host, port)
        self.chance = random.Random(seed)
        self.loses_answers = False
        self.lost = 0
        self._is_up = True
        self._flows = threading.Event()
        self._flows.set()
        self._connections: set[Connection] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = int(self._listener.getsockname()[1])

    def start(self) -> "Proxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def go_away(self) -> None:
        """Cut all connections, and accept no new ones."""
        self._is_up = False
        for connection in list(self._connections):
            connection.cut()

    def come_back(self) -> None:
        self._is_up = True

    def stand_still(self) -> None:
        """Keep connections open, but pass nothing on."""
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    def close(self) -> None:
        self._flows.set()
        self.go_away()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if not self._is_up:
            client.close()
            return
        try:
            server = socket.create_connection(self.upstream, timeout=60)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(client, server)
        self._connections.add(connection)
        answers = threading.Thread(target=self._answers, args=[connection], daemon=True)
        answers.start()
        self._questions(connection)
        answers.join()
        self._connections.discard(connection)

    def _questions(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):
            while data := connection.client.recv(65536):
                self._flows.wait()
                if self.loses_answers and is_commit(data) and self._has_bad_luck():
                    connection.loses_answer = True
                connection.server.sendall(data)
        connection.cut()

    def _answers(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):
            while data := connection.server.recv(65536):
                self._flows.wait()
                if connection.loses_answer:  # the request has been executed
                    self.lost += 1
                    break
                connection.client.sendall(data)
        connection.cut()

    def _has_bad_luck(self) -> bool:
        return self.chance.randrange(100) < OF_100_COMMITS


def is_commit(packet: bytes) -> bool:
    """True for a COMMIT packet of a client: three bytes of length, a number, the command."""
    return packet[4:5] == bytes([QUERY]) and packet[5:].strip().rstrip(b";").upper() == b"COMMIT"
