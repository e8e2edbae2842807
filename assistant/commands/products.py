"""`assistant products import|list|show|delete`: the catalogue that questions about products are answered from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.options import add_config, add_json, clean, configuration, print_json
from dialog.errors import AssistantError

if TYPE_CHECKING:
    from plugins.product_qa.catalogue import Catalogue, Report, RowError

FOLDER = "products"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant products`."""
    from plugins.product_qa.catalogue.read import LAYOUTS

    actions = parser.add_subparsers(dest="action", required=True, metavar="import|list|show|delete")
    bringing = actions.add_parser("import", help="read products from JSON Lines, CSV or Parquet (.gz too)")
    bringing.add_argument("file", metavar="FILE", help="the file, or 'default' for the catalogue that is shipped")
    bringing.add_argument("--format", choices=LAYOUTS, help="what its rows are, where their fields do not tell")
    bringing.add_argument("--dry-run", action="store_true", help="only report what would be done")
    bringing.add_argument("--merge", action="store_true", help="keep what is stored where the file says nothing")
    bringing.add_argument("--replace", action="store_true", help="delete what the file does not name")
    bringing.add_argument("--no-index", action="store_true", help="leave the index to the assistant when it runs")
    listing = actions.add_parser("list", help="list products and the shop's own pages")
    listing.add_argument("--limit", type=int, default=0, metavar="N", help="the first N only")
    showing = actions.add_parser("show", help="show a product with its passages")
    showing.add_argument("id", metavar="ID")
    deleting = actions.add_parser("delete", help="delete products or pages")
    deleting.add_argument("ids", nargs="*", metavar="ID")
    deleting.add_argument("--all", action="store_true", help="everything")
    for action in (bringing, listing, showing, deleting):
        action.add_argument("--folder", type=Path, metavar="DIR", help="the catalogue (default: in the data folder)")
        add_config(action)
        add_json(action)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 where rows were rejected. Raises `AssistantError` with the reason why not."""
    from plugins.product_qa.catalogue import Catalogue

    folder: Path = args.folder or configuration(args).assistant.data_dir / FOLDER
    if args.action == "import":
        return _import(folder, args)
    if not Catalogue.there(folder):
        raise AssistantError(f"there is no catalogue in {folder} yet: assistant products import FILE makes one")
    with Catalogue.open(folder) as catalogue:
        if args.action == "list":
            return _list(catalogue, args)
        if args.action == "show":
            return _show(catalogue, args)
        return _delete(catalogue, args)


def _import(folder: Path, args: argparse.Namespace) -> int:
    from plugins.product_qa.catalogue import DEFAULT, Catalogue, load, read, rehearse

    if args.merge and args.replace:
        raise AssistantError("--merge and --replace exclude each other")
    path = DEFAULT if args.file == "default" else Path(args.file).expanduser()
    if not path.is_file():
        raise AssistantError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    indexed, problem = None, ""
    with _Bars() as bars:
        rows = read(path, args.format, partial(bars.told, "products"))
        if args.dry_run:
            there = Catalogue.open(folder) if Catalogue.there(folder) else None
            try:
                report = rehearse(there, rows, merge=args.merge)
            finally:
                if there:
                    there.close()
        else:
            with Catalogue.open(folder) as catalogue:
                report = load(catalogue, rows, merge=args.merge, replace=args.replace)
                if not args.no_index:
                    indexed, problem = _follow(catalogue, bars)
    if args.json:
        index = {"passages": indexed, "problem": problem}
        print_json({"folder": str(folder), "dry_run": args.dry_run, **report.to_json(), "index": index})
    else:
        _tell(report, args)
        if indexed is not None:
            print(f"{_many(indexed, 'passage')} put into the index")
    if problem:
        print(f"the catalogue is imported, but its index is behind: {problem}", file=sys.stderr)
    return 1 if report.rejected or problem else 0


def _follow(catalogue: Catalogue, bars: _Bars) -> tuple[int | None, str]:
    """Bring the index up to date: how many passages, or the reason why not."""
    from plugins.product_qa.catalogue.following import ShippedEncoder, follow

    try:
        return follow(catalogue, ShippedEncoder(), partial(bars.told, "index")), ""
    except AssistantError as error:
        return None, str(error)


def _tell(report: Report, args: argparse.Namespace) -> None:
    would = "would be " if args.dry_run else ""
    pages = f" and {_many(report.pages, 'page')} of the shop" if report.pages else ""
    print(f"{_many(report.products - report.pages, 'product')}{pages} read: {report.new:,} {would}new,", end=" ")
    print(f"{report.changed:,} {would}changed, {report.unchanged:,} unchanged")
    if report.deleted:
        print(f"{report.deleted:,} deleted that the file does not name")
    counts = ", ".join(f"{source} {count:,}" for source, count in sorted(report.passages.items()))
    print(f"{report.passages.total():,} passages: {counts or 'none'}")
    _complain(_many(report.noted, "note"), report.noted, report.notes)
    _complain(f"{_many(report.rejected, 'row')} rejected", report.rejected, report.errors)
    if report.rejected and args.replace:
        print("nothing was deleted, because rows were rejected", file=sys.stderr)


def _complain(what: str, count: int, kept: Sequence[RowError]) -> None:
    if count:
        print(f"{what}:", file=sys.stderr)
    for one in kept:
        print(f"  {one}", file=sys.stderr)
    if count > len(kept):
        print(f"  ... and {count - len(kept):,} more", file=sys.stderr)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _list(catalogue: Catalogue, args: argparse.Namespace) -> int:
    titles, pages = catalogue.titles(), catalogue.pages()
    found = [*titles, *pages]
    shown = found[: args.limit] if args.limit > 0 else found
    if args.json:
        listed = [one._asdict() for one in shown]
        print_json({"products": len(titles), "pages": len(pages), "passages": catalogue.counts(), "listed": listed})
        return 0
    width = max((len(one.id) for one in shown), default=0)
    for one in shown:
        print(f"{one.id:<{width}}  {one.title}")
    print(f"{_many(len(titles), 'product')}, {_many(len(pages), 'page')} of the shop", file=sys.stderr)
    return 0


def _show(catalogue: Catalogue, args: argparse.Namespace) -> int:
    name = clean(args.id)
    product = catalogue.product(name)
    if product is None:
        raise AssistantError(f"there is no product {name!r}{_nearest(catalogue, name)}")
    passages = catalogue.passages(name)
    if args.json:
        print_json({**asdict(product), "passages": [asdict(one) for one in passages]})
        return 0
    print(f"{product.id}  {product.title}")
    for label, value in (("category", product.category), ("also", ", ".join(product.aliases))):
        if value:
            print(f"{label}: {value}")
    for one in passages:
        asked = f"{one.question} - " if one.question else ""
        print(f"  {one.key}  {one.source:<12}{asked}{one.text}")
    return 0


def _nearest(catalogue: Catalogue, name: str) -> str:
    import difflib

    known = [one.id for one in [*catalogue.titles(), *catalogue.pages()]]
    found = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _delete(catalogue: Catalogue, args: argparse.Namespace) -> int:
    if bool(args.ids) == args.all:
        raise AssistantError("name what to delete, or --all")
    ids = [clean(one) for one in args.ids] or [one.id for one in [*catalogue.titles(), *catalogue.pages()]]
    missing = [one for one in ids if catalogue.product(one) is None]
    if missing:
        raise AssistantError(
            f"there is no product {missing[0]!r}{_nearest(catalogue, missing[0])}; nothing was deleted"
        )
    changes = catalogue.delete(ids)
    if args.json:
        print_json({"deleted": list(changes.deleted), "passages": len(changes.removed)})
    else:
        print(f"{len(changes.deleted):,} deleted, with {len(changes.removed):,} passages")
    return 0


class _Bars:
    """Progress on a terminal, a bar for each kind of work; silent elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def told(self, what: str, done: int, total: int) -> None:
        """Show how far a kind of work is."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)
