"""Water levels of two gauges; one hour of each was not measured."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

LEVELS = {"mill": [212, 208, None, 219], "bridge": [290, 340, 335, None, 352]}


async def list_levels(request: Request) -> JSONResponse:
    gauge = request.path_params["gauge"]
    if gauge not in LEVELS:
        return JSONResponse({"error": f"no gauge {gauge}"}, 404)
    return JSONResponse([{"hour": hour, "cm": cm} for hour, cm in enumerate(LEVELS[gauge])])


app = Starlette(routes=[Route("/gauges/{gauge}/levels", list_levels)])
