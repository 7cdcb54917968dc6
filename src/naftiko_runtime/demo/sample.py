"""The projects of the demo: texts with choices, images with boxes, texts with entities."""

from naftiko_runtime.demo.export import exported
from naftiko_runtime.demo.studio import Studio
from naftiko_runtime.values import Json

TICKETS_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">'
    '<Choice value="Happy"/><Choice value="Angry"/><Choice value="Neutral"/></Choices></View>'
)
SCENES_CONFIG = (
    '<View><Image name="photo" value="$photo"/><RectangleLabels name="box" toName="photo">'
    '<Label value="Bicycle"/><Label value="Tram"/></RectangleLabels></View>'
)
NEWS_CONFIG = (
    '<View><Labels name="entity" toName="text"><Label value="Person"/><Label value="Place"/>'
    '</Labels><Text name="text" value="$text"/></View>'
)
TICKETS: list[tuple[str, str | None]] = [
    ("The parcel came a day early, thank you!", "Happy"),
    ("Third broken lamp in a row; I want my money back", "Angry"),
    ("Which plug fits the 230 V model?", "Neutral"),
    ("Merci beaucoup, c'est parfait 👍", "Happy"),
    ("Where is my invoice?", None),
]
SCENES = [("canal.png", "Bicycle", 12.5), ("station.png", "Tram", 40.0)]
NEWS = [("Grace Hopper visited Kyoto in spring.", [(0, 12, "Person"), (21, 26, "Place")])]


def fill(studio: Studio) -> None:
    """Put three projects with annotated tasks and one snapshot into an empty studio."""
    tickets = studio.create_project("Support tickets", TICKETS_CONFIG, "What customers write")
    scenes = studio.create_project("Street scenes", SCENES_CONFIG, "What stands in the street")
    news = studio.create_project("News", NEWS_CONFIG, "Who and where")
    studio.import_tasks(tickets, [_ticket(text, mood) for text, mood in TICKETS])
    studio.import_tasks(scenes, [_scene(*scene) for scene in SCENES])
    studio.import_tasks(news, [_news(text, entities) for text, entities in NEWS])
    tasks = [exported(task) for task in tickets.tasks]
    studio.create_snapshot(tickets, "First snapshot", tasks)


def _ticket(text: str, mood: str | None) -> Json:
    task: dict[str, Json] = {"data": {"text": text}, "meta": {"source": "mail"}}
    if mood is None:
        return task
    value = {"choices": [mood]}
    return task | {"annotations": [_annotation("mood", "text", "choices", [value])]}


def _scene(name: str, label: str, left: float) -> Json:
    box = {"x": left, "y": 20, "width": 25, "height": 30, "rotation": 0, "rectanglelabels": [label]}
    annotation = _annotation("box", "photo", "rectanglelabels", [box])
    for region in annotation["result"]:
        region.update(original_width=640, original_height=480, image_rotation=0)
    return {"data": {"photo": f"/data/upload/2/{name}"}, "annotations": [annotation]}


def _news(text: str, entities: list[tuple[int, int, str]]) -> Json:
    values = [
        {"start": start, "end": end, "text": text[start:end], "labels": [label]}
        for start, end, label in entities
    ]
    return {
        "data": {"text": text},
        "annotations": [_annotation("entity", "text", "labels", values)],
    }


def _annotation(control: str, target: str, kind: str, values: list[Json]) -> Json:
    return {
        "lead_time": 4.2,
        "result": [
            {"id": f"r{i}", "from_name": control, "to_name": target, "type": kind, "value": value}
            for i, value in enumerate(values)
        ],
    }
