"""What imports no Django is checked by mypy."""

import tomllib

import grimp

from tools.draw_rooms import APPS, ROOT

# Without Django's name, yet about its requests, storage and models; or a program of the bundle.
NOT_CHECKED = {
    "mapping.site.requests",
    "mapping.site.static_files",
    "reviews.blindness.reconstruction",
    "reviews.exchange.analysis.analysis",
    "reviews.settling.comparison",
}


def modules_without_django():
    """Modules with something in them that import Django neither themselves nor through others."""
    code = grimp.build_graph(*APPS, include_external_packages=True, cache_dir=None)
    ours = {module for module in code.modules if module.partition(".")[0] in APPS}
    with_django = code.find_downstream_modules("django", as_package=True)
    files = {module: ROOT / (module.replace(".", "/") + ".py") for module in ours - with_django}
    return {module for module, file in files.items() if file.exists()}


def checked_by_mypy(module):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    packages = tuple(f"{package}." for package in settings["packages"])
    return module in settings["modules"] or module.startswith(packages)


def test_every_module_without_django_is_checked_by_mypy():
    unchecked = {module for module in modules_without_django() if not checked_by_mypy(module)}

    assert unchecked <= NOT_CHECKED, "Add them to [tool.mypy] in pyproject.toml."
    assert not set(filter(checked_by_mypy, NOT_CHECKED)), "Take them off the list above."
