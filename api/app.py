"""The web application, composed from its context."""

from fastapi import FastAPI

from api import failures
from api.context import Context
from api.headers import SecurityHeaders
from api.nodes import begin_register
from api.routes import (
    console,
    copies,
    corrections,
    deadlines,
    exports,
    health,
    hearings,
    ingest,
    jobs,
    live,
    log,
    media,
    new_hearing,
    nodes,
    pages,
    protocol_editor,
    protocol_pages,
    remarks,
    search,
    selftest,
    signing,
    situation,
    stages,
    verify,
)
from api.web.render import StaticAssets
from storage.ledger.ed25519 import key_id
from storage.ledger.rotation import LOG, SERVER

DESCRIPTION = """Records court hearings as evidence.

* **ingest**: a node delivers objects, then the signed ledger entries that state them.
* **hearings**, **media**: what the access policy lets the caller see and hear; every view is journalled.
* **signing**: whoever signs with a token in their own computer fetches the protocol and brings it back signed.
* **verification**, **evidence log**: public; anyone may check a hash against the signed log.

Every refusal is `{"detail": sentence}`. Times on a hearing's timeline are seconds since its recording began.
"""

API_ROUTERS = (
    *(module.router for module in (ingest, nodes, hearings, media, live, signing, verify, log, health)),
    search.api_router,
)
# A new hearing before the others: /hearings/new is none yet.
PAGE_ROUTERS = tuple(
    module.router
    for module in (
        new_hearing,
        console,
        selftest,
        situation,
        protocol_pages,
        protocol_editor,
        stages,
        copies,
        exports,
        jobs,
        corrections,
        remarks,
        deadlines,
        search,
        pages,
    )
)


def create_app(context: Context) -> FastAPI:
    """The application over `context`; the server's own public keys become known to the log."""
    # The interactive documentation would load scripts from elsewhere, so only the description itself is served.
    app = FastAPI(
        title="courtrec",
        description=DESCRIPTION,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.context = context
    with context.database.begin() as uow:
        for raw in context.server_keys.public:
            uow.log.enrol_key(key_id(raw), raw, SERVER, "server")
        for raw in context.log_keys.public:
            uow.log.enrol_key(key_id(raw), raw, LOG, context.settings.log_origin)
    begin_register(context)
    for router in (*API_ROUTERS, *PAGE_ROUTERS):
        app.include_router(router)
    app.mount("/static", StaticAssets())
    failures.install(app)
    app.add_middleware(SecurityHeaders, https=context.settings.https)
    return app
