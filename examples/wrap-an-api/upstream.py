"""The API of a bookshop with two books; it wants a bearer token."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

BOOKS = {
    "9780140449266": {"title": "The Count of Monte Cristo", "author": "Dumas", "price": 12.5},
    "9780141439600": {"title": "A Tale of Two Cities", "author": "Dickens", "price": 8},
}


def shown(isbn: str) -> dict[str, object]:
    return {"isbn": isbn, **BOOKS[isbn]}


async def list_books(request: Request) -> JSONResponse:
    author = request.query_params.get("author")
    return JSONResponse([shown(i) for i, book in BOOKS.items() if author in (None, book["author"])])


async def get_book(request: Request) -> JSONResponse:
    isbn = request.path_params["isbn"].replace("-", "")
    if isbn not in BOOKS:
        return JSONResponse({"error": f"no book has the ISBN {isbn}"}, 404)
    return JSONResponse({**shown(isbn), "copiesLeft": 3})


async def place_order(request: Request) -> JSONResponse:
    if request.headers.get("authorization") != "Bearer demo-only":
        return JSONResponse({"error": "who are you?"}, 401)
    order = await request.json()
    total = BOOKS[order["isbn"]]["price"] * order["copies"]
    return JSONResponse({"order": 1001, **order, "total": total}, 201)


app = Starlette(
    routes=[
        Route("/books", list_books),
        Route("/books/{isbn}", get_book),
        Route("/orders", place_order, methods=["POST"]),
    ]
)
