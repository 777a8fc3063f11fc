# One image for portal, worker and embedded chain; the command decides which.
FROM python:3.13-slim-bookworm

WORKDIR /srv/tallystick
COPY requirements.lock ./
RUN pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes --requirement requirements.lock
COPY app.py LICENSE NOTICE ./
COPY portal ./portal
COPY ledger ./ledger
COPY graphql ./graphql
COPY contracts ./contracts

RUN useradd --system --uid 10001 --home-dir /srv/tallystick tally \
    && install --directory --mode 0700 --owner tally /var/lib/tallystick
USER tally
ENV PYTHONPATH=/srv/tallystick \
    PYTHONDONTWRITEBYTECODE=1 \
    TALLY_HOME=/var/lib/tallystick \
    TALLY_LOG_FORMAT=json
VOLUME /var/lib/tallystick
EXPOSE 8000
ENTRYPOINT ["python", "-P", "-m", "app"]
CMD ["web"]
