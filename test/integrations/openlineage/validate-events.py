"""Builds each event of a file with the classes of OpenLineage's own client, which refuse what their schema has not."""

import inspect
import json
import sys

from openlineage.client import event_v2 as event
from openlineage.client import facet_v2 as facets

known = {
    name: kind
    for module in vars(facets).values()
    if inspect.ismodule(module)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and name.endswith('Facet')
}
built = 0


def facet(members):
    global built
    name = members['_schemaURL'].rsplit('/', 1)[1]
    kind = known[name]
    assert kind._get_schema() == members['_schemaURL'], (kind._get_schema(), members['_schemaURL'])
    names = {a.name for a in kind.__attrs_attrs__}
    given = {k: v for k, v in members.items() if not k.startswith('_')}
    assert set(given) <= names, (name, set(given) - names)
    built += 1
    return kind(producer=members['_producer'], **given)


def each(members):
    return {name: facet(value) for name, value in members.items()}


def dataset(kind, members):
    more = {k: each(v) if k.endswith('acets') else v for k, v in members.items()}
    return kind(**more)


for line in open(sys.argv[1]):
    sent = json.loads(line)
    run = event.Run(runId=sent['run']['runId'], facets=each(sent['run']['facets']))
    job = event.Job(**{**sent['job'], 'facets': each(sent['job']['facets'])})
    made = event.RunEvent(
        eventType=event.RunState[sent['eventType']],
        eventTime=sent['eventTime'],
        producer=sent['producer'],
        run=run,
        job=job,
        inputs=[dataset(event.InputDataset, d) for d in sent['inputs']],
        outputs=[dataset(event.OutputDataset, d) for d in sent['outputs']],
    )
    assert made.schemaURL == sent['schemaURL'], (made.schemaURL, sent['schemaURL'])
    built += 1
print(built)
