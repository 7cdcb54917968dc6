# The build stage makes a wheel and installs it; the image gets the installed files and nothing else.
FROM python:3.13-slim AS build
# names of extras in brackets, as pip writes them: [avro,protobuf]
ARG EXTRAS=""
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY capabilities capabilities
COPY examples examples
COPY src src
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
 && python -m venv /opt/naftiko \
 && /opt/naftiko/bin/python -m pip install --no-cache-dir --compile "$(ls /wheels/*.whl)$EXTRAS"

FROM python:3.13-slim
COPY --from=build /opt/naftiko /opt/naftiko
# adapters without an address are reachable from outside; the control port is for the health check
ENV PATH=/opt/naftiko/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NAFTIKO_DEFAULT_HOST=0.0.0.0 \
    NAFTIKO_CONTROL=127.0.0.1:9191
WORKDIR /app
EXPOSE 8080 9090
USER 10001:0
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["naftiko", "health"]
ENTRYPOINT ["naftiko"]
CMD ["serve", "/capabilities"]
