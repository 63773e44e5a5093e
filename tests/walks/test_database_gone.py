"""PostgreSQL goes away and comes back: refused meanwhile, and well again without a restart."""

from __future__ import annotations

from tests.postgres import cluster
from tests.walks.conftest import Serve
from tests.walks.server import NOBODY, until
from tests.walks.test_disk import Sender, assert_refused


async def test_the_database_stops_and_starts_again(serve: Serve) -> None:
    with cluster() as database:
        server = serve(env={"CARILLON_DATABASE": await database.new_database()})
        await server.start()
        async with Sender.at(server) as sender:
            assert (await sender.post("before")).status == 200
            database.stop()
            for number in range(2):
                assert_refused(await sender.post(f"refused {number}"), 503)
            health = await sender.admin.get("/health", auth=NOBODY)
            assert (health.status_code, health.json()["database"]) == (500, "red")
            assert (await sender.newest()).status == 503
            database.start()

            async def well() -> bool:
                return (await sender.admin.get("/health", auth=NOBODY)).status_code == 200

            await until(well, "it finds its database again")
            await sender.check()
        assert await server.stop() == 0


async def test_without_its_database_it_does_not_start(serve: Serve) -> None:
    server = serve(env={"CARILLON_DATABASE": "postgresql://nobody:hidden@127.0.0.1:1/none"})
    server.spawn()
    assert await server.ended() == 1
    (line,) = [line for line in server.said().splitlines() if line.strip()]
    assert line.startswith("carillon: ")
    assert "hidden" not in line
