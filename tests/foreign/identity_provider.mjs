// An identity provider of somebody else's making: oidc-provider, certified by
// the OpenID Foundation. Its own pages ask who one is and believe everything.
// It gives tokens to programs as well.
// Arguments: where our pages are, and the enterprise of programs. Says on its first line where it listens.
import http from "node:http";
import { pathToFileURL } from "node:url";

const library = process.env.FACTEUR_TEST_NODE_MODULES + "/oidc-provider/lib/index.js";
const { default: Provider } = await import(pathToFileURL(library));
const pages = process.argv[2];

const server = http.createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "facteur",
    client_secret: "a-secret-of-the-tests",
    redirect_uris: [pages + "/sign-in/back"],
    post_logout_redirect_uris: [pages + "/"],
  }, {
    client_id: "program",
    client_secret: "a-secret-of-the-tests",
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
  }],
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: "publish consume",
        audience: resource,
        accessTokenFormat: "jwt",
      }),
    },
  },
  extraTokenClaims: () => ({
    application: "tax:assessment",
    enterprise: process.argv[3],
    person: "person-" + process.argv[3],
  }),
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["name", "enterprises"] },
  findAccount: (_, id) => ({
    accountId: id,
    // A personal number is nobody's name.
    claims: () => ({
      sub: id,
      name: "Name of " + (/^\d+$/.test(id) ? "somebody" : id),
      enterprises: ["0300.000.313"],
    }),
  }),
  cookies: { keys: ["tests"] },
});
// Sessions end at another origin, as at providers that are several servers.
const elsewhere = issuer.replace("127.0.0.1", "localhost");
provider.use(async (ctx, next) => {
  if (ctx.path === "/end-here") return ctx.redirect(issuer + "/session/end" + ctx.search);
  await next();
  if (ctx.oidc?.route === "discovery") ctx.body.end_session_endpoint = elsewhere + "/end-here";
});
server.on("request", provider.callback());
console.log(issuer);
