"""Counters of two garages."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

GARAGES = {"station": (12, 240), "harbour": (0, 80)}


async def read_counter(request: Request) -> JSONResponse:
    garage = request.path_params["id"]
    if garage not in GARAGES:
        return JSONResponse({"error": f"no garage {garage}"}, 404)
    free, total = GARAGES[garage]
    return JSONResponse({"id": garage, "cap": {"free": free, "total": total}, "fw": "2.1"})


app = Starlette(routes=[Route("/counters/{id}", read_counter)])
