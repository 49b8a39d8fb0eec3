# fusion-kit and Git, nothing else: add your agents' programs in an image of your own that begins with this one.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home fusion

COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src

USER fusion
WORKDIR /project
ENTRYPOINT ["fusion-kit"]
CMD ["--help"]
