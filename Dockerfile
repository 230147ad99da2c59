# Two stages: the first brings the front-end files and the Python packages, the second holds only what runs.
FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt requirements-node.txt package.json package-lock.json .npmrc Makefile ./
RUN make .venv/.ready static/vendor/.ready PYTHON=python3
COPY . .
# A secret for this one command; the running server has its own from the environment.
RUN SECRET_KEY=build DATABASE_URL=postgresql://unused@localhost/unused STATIC_DIR=/app/collected \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.13-slim-bookworm
RUN useradd --system --create-home --home-dir /home/concord --uid 10001 concord \
    && install -d -o concord -g concord /data/uploads
WORKDIR /app
COPY --from=build /app /app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/app/.venv/bin:$PATH \
    STATIC_DIR=/app/collected UPLOADS_DIR=/data/uploads VAR_DIR=/tmp/concord
USER concord
EXPOSE 8000
VOLUME /data/uploads
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD python -c "import urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': 'localhost'}), timeout=4)"
CMD ["sh", "-c", "python manage.py migrate --noinput && exec gunicorn mapping.wsgi --config mapping/site/gunicorn.py --bind 0.0.0.0:8000"]
