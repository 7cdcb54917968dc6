"""Two APIs in one process: orders by number, and a catalogue of products and customers."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

LINES = [{"sku": "T-2", "count": 1}, {"sku": "L-9", "count": 4}]
ORDERS = {"7": {"number": 7, "customer": "c-31", "lines": LINES}}
PRODUCTS = [
    {"sku": "L-9", "name": "Lamp", "price": 19.9, "stock": 12},
    {"sku": "R-1", "name": "Rug", "price": 240, "stock": 1},
    {"sku": "T-2", "name": "Table", "price": 310, "stock": 2},
]
CUSTOMERS = {"c-31": {"name": "Ida Holm", "address": {"city": "Aarhus", "zip": "8000"}}}


async def get_order(request: Request) -> JSONResponse:
    return found(ORDERS, request.path_params["number"])


async def list_products(request: Request) -> JSONResponse:
    return JSONResponse(PRODUCTS)


async def get_customer(request: Request) -> JSONResponse:
    return found(CUSTOMERS, request.path_params["id"])


def found(known: dict[str, dict[str, object]], key: str) -> JSONResponse:
    return JSONResponse(known[key]) if key in known else JSONResponse({"error": f"no {key}"}, 404)


app = Starlette(
    routes=[
        Route("/orders/{number}", get_order),
        Route("/products", list_products),
        Route("/customers/{id}", get_customer),
    ]
)
