// Evaluates what comes in, line by line, with kafka-connect-client; tells each result in a line of JSON.
const { KafkaConnectClient } = require("kafka-connect-client");
const readline = require("node:readline");

const { hostname, port } = new URL(process.argv[2]);
const client = new KafkaConnectClient({ host: hostname, port });
const lines = readline.createInterface({ input: process.stdin });

async function tell(line) {
  try {
    const answer = await new Function("client", `return ${JSON.parse(line)}`)(client);
    return { result: { status: answer.status, data: answer.data } };
  } catch (error) {
    return { error: error.name, text: error.message, status: error.response?.status };
  }
}

(async () => {
  for await (const line of lines) console.log(JSON.stringify(await tell(line)));
})();
