import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;

/** Makes the calls that come in, line by line, with SourceLab's client; tells each result in a line of JSON. */
public class Drive {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        KafkaConnectClient client = new KafkaConnectClient(new Configuration(arguments[0]));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Map<String, Object> told = new HashMap<>();
            try {
                told.put("result", call(client, JSON.readValue(line, List.class)));
            } catch (Exception error) {
                told.put("error", error.getClass().getSimpleName());
                told.put("text", String.valueOf(error.getMessage()));
            }
            System.out.println(JSON.writeValueAsString(told));
        }
    }

    @SuppressWarnings("unchecked")
    private static Object call(KafkaConnectClient client, List<Object> call) {
        String name = call.size() > 1 ? (String) call.get(1) : "";
        Map<String, String> config = call.size() > 2 && call.get(2) instanceof Map ? (Map<String, String>) call.get(2) : null;
        switch ((String) call.get(0)) {
            case "getConnectServerVersion": return client.getConnectServerVersion();
            case "getConnectors": return client.getConnectors();
            case "getConnectorsWithAllExpandedMetadata":
                return String.valueOf(client.getConnectorsWithAllExpandedMetadata());
            case "addConnector": return client.addConnector(new NewConnectorDefinition(name, config));
            case "updateConnectorConfig": return client.updateConnectorConfig(name, config);
            case "getConnector": return client.getConnector(name);
            case "getConnectorConfig": return client.getConnectorConfig(name);
            case "getConnectorStatus": return client.getConnectorStatus(name);
            case "getConnectorTasks": return client.getConnectorTasks(name);
            case "getConnectorTaskStatus": return client.getConnectorTaskStatus(name, 0);
            case "getConnectorTopics": return client.getConnectorTopics(name);
            case "resetConnectorTopics": return client.resetConnectorTopics(name);
            case "pauseConnector": return client.pauseConnector(name);
            case "resumeConnector": return client.resumeConnector(name);
            case "restartConnector": return client.restartConnector(name);
            case "restartWithTasks":
                return client.restartConnector(new PostConnectorRestart(name).withIncludeTasks(true));
            case "restartConnectorTask": return client.restartConnectorTask(name, 0);
            case "getConnectorPlugins": return client.getConnectorPlugins();
            case "validateConnectorPluginConfig":
                return client.validateConnectorPluginConfig(new ConnectorPluginConfigDefinition(name, config));
            case "deleteConnector": return client.deleteConnector(name);
            default: throw new IllegalArgumentException("no such call");
        }
    }
}
