"""A weather service whose answers nobody would design today."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

STATIONS = [("06180", "Copenhagen", 11.4, 14, "SW"), ("01492", "Oslo", 7.9, 6, "N")]
HEIGHTS = "id,name,height_m\n06180,Copenhagen,5\n01492,Oslo,94\n"


def row(number: str, name: str, celsius: float, knots: int, direction: str) -> dict[str, object]:
    return {
        "STN": {"ID": number, "NM": name, "OWNER": {"CD": "X1"}},
        "VALS": [
            {"K": "T", "V": celsius, "U": "C", "Q": 0},
            {"K": "W", "V": knots, "U": "kn", "DIR": direction, "Q": 0},
        ],
        "FLAGS": [None, "A"],
    }


async def observations(request: Request) -> JSONResponse:
    rows = [row(*station) for station in STATIONS]
    return JSONResponse({"RESP": {"HDR": {"RC": "00"}, "DATA": {"CNT": "2", "ROWS": rows}}})


async def stations(request: Request) -> PlainTextResponse:
    return PlainTextResponse(HEIGHTS, media_type="text/csv")


app = Starlette(routes=[Route("/v1/obs.json", observations), Route("/v1/stations.csv", stations)])
