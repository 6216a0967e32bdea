"""Request shapes out of a service's own JSON schemas.

For each property of a schema: values that it allows, at its edges, and values
that it does not allow. Whether a value is allowed is the service's to say: what
these shapes are for is comparing two answers.
"""

UUID = '6f70656e-7374-4163-8b00-000000000001'
WORDS = ('word', UUID, '', '1', 'true', '10.0.0.1', 'YQ==', ' spaced ', 'x' * 256)
_OF_TYPE = {
    'string': WORDS,
    'integer': (1, 0, 3, '2'),
    'boolean': (True, 'no', 'perhaps'),
    'null': (None,),
    'number': (1.5,),
}
_OF_NO_TYPE = (None, 5, [], {})
_NESTED = 3
_OF_NO_NESTED_TYPE = (None, [[]])


def samples(schema, nested=False):
    """All values to try for ``schema``, each once, simplest first."""
    seen = []
    others = _OF_NO_NESTED_TYPE if nested else _OF_NO_TYPE
    for value in (*_of(schema, nested), *others):
        if not any(type(value) is type(old) and value == old for old in seen):
            seen.append(value)
    return seen


def _of(schema, nested):
    for alternative in ('oneOf', 'anyOf'):
        for each in schema.get(alternative, ()):
            yield from _of(each, nested)
    yield from schema.get('enum', ())
    types = schema.get('type', ())
    for name in [types] if isinstance(types, str) else types:
        if name == 'array':
            yield from _arrays(schema)
        elif name == 'object':
            yield from _objects(schema)
        else:
            yield from _OF_TYPE[name][: _NESTED if nested else None]


def _arrays(schema):
    items = samples(schema.get('items', {}), nested=True)
    yield from ([item] for item in items)
    yield items[:1] * (schema.get('maxItems', 1) + 1)


def _objects(schema):
    for name, each in schema.get('properties', {}).items():
        yield from ({name: value} for value in samples(each, nested=True))
    yield {'word': 'word', 'another': ''}


def samples_of_changes(schemas, of):
    """What to try with each schema for what it declares unlike the one before.

    Of a list or an object, only what came or went.

    :param schemas: in the order of the versions they begin with
    :param of: gives the properties of a schema
    """
    before = {}
    for schema in schemas:
        now = of(schema)
        yield {
            name: _tried(each, before.get(name))
            for name, each in now.items()
            if before.get(name) != each
        }
        before = now


def _tried(now, before):
    if before is None or now.get('type') not in {'array', 'object'}:
        return samples(now)
    new, old = samples(now), samples(before)
    return [value for value in new if value not in old] + [
        value for value in old if value not in new
    ]
