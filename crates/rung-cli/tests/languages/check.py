"""Imports what rung wrote, builds every model, and reads real rows with them: `rows.json` has them by class."""

import json
import typing

import pydantic

import database

models = {
    name: value
    for name, value in vars(database).items()
    if isinstance(value, type) and issubclass(value, pydantic.BaseModel) and value is not pydantic.BaseModel
}
for model in models.values():
    model.model_rebuild()
    typing.get_type_hints(model)

with open("rows.json") as file:
    rows = json.load(file)
for name, row in rows.items():
    read = models[name].model_validate(row)
    again = models[name].model_validate(read.model_dump(by_alias=True))
    assert read == again, name

# In one of the schemas there is a table that is called so.
insert = models.get("UsersInsert2") or models["UsersInsert"]
least = {"owes": 1} if "owes" in insert.model_fields and insert.model_fields["owes"].is_required() else {"email": "a"}
assert insert(**least).model_dump(by_alias=True, exclude_unset=True).keys() == least.keys()


def refused(values):
    try:
        insert(**values)
    except pydantic.ValidationError:
        return True
    return False


assert refused({}), "something is needed"
assert refused({**least, "twice": 2}), "what is generated can't be given"
assert refused({**least, "nowhere": 2}), "there is no such column"
print(len(models), "models")
