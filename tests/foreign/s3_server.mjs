// An S3 store of somebody else's making: s3rver, which keeps objects in a
// folder and knows its accounts (it does not check version 4 signatures).
// Arguments: the folder, and the port (0 for any). Says on its first line where it listens. The account is S3RVER.
import { createRequire } from "node:module";

const require = createRequire(process.env.FACTEUR_TEST_NODE_MODULES + "/");
const S3rver = require("s3rver");
const [directory, port] = process.argv.slice(2);

const server = new S3rver({
  address: "127.0.0.1",
  port: Number(port),
  directory,
  silent: true,
  configureBuckets: [{ name: "documents" }],
});
const { port: listening } = await server.run();
console.log(`http://127.0.0.1:${listening}`);
