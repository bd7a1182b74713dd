# Two steps: build the package as it is published, then install it with exactly what the lock file says.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm pack --pack-destination /tmp && mkdir /app && tar -xzf /tmp/plumbline-*.tgz --strip-components=1 -C /app

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/ ./
COPY package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && rm -rf /root/.npm \
	&& ln -s /app/src/plumbline.js /usr/local/bin/plumbline \
	&& mkdir /data && chown node:node /data
USER node
WORKDIR /data
VOLUME /data
ENV PLUMBLINE_DATABASE_URL=file:/data/plumbline.db PLUMBLINE_HOST=0.0.0.0 PLUMBLINE_PORT=8787
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
	CMD node -e "fetch('http://127.0.0.1:'+process.env.PLUMBLINE_PORT+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"
# Exec form: the service gets SIGTERM itself and drains.
CMD ["plumbline", "serve"]
