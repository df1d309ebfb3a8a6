import com.amazonaws.services.schemaregistry.deserializers.protobuf.ProtobufSchemaParser;
import com.amazonaws.services.schemaregistry.deserializers.protobuf.ProtobufWireFormatDecoder;
import com.amazonaws.services.schemaregistry.kafkaconnect.jsonschema.JsonNodeToConnectValueConverter;
import com.amazonaws.services.schemaregistry.kafkaconnect.jsonschema.JsonSchemaDataConfig;
import com.amazonaws.services.schemaregistry.kafkaconnect.jsonschema.JsonSchemaToConnectSchemaConverter;
import com.amazonaws.services.schemaregistry.kafkaconnect.protobuf.toconnectdata.ProtobufDataToConnectDataConverter;
import com.amazonaws.services.schemaregistry.kafkaconnect.protobuf.toconnectschema.ProtobufSchemaToConnectSchemaConverter;
import com.amazonaws.services.schemaregistry.serializers.protobuf.MessageIndexFinder;
import com.amazonaws.services.schemaregistry.utils.ProtobufMessageType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors;
import com.google.protobuf.Message;
import java.util.Base64;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.everit.json.schema.loader.SchemaLoader;
import org.json.JSONObject;

/** Runs cases from stdin through what AWS's converters of Glue are made of, behind the header of a value. */
public class GlueOracle {
    private static final ObjectMapper JSON =
        new ObjectMapper().setNodeFactory(JsonNodeFactory.withExactBigDecimals(true));

    public static void main(String[] arguments) throws Exception {
        ArrayNode answers = JSON.createArrayNode();
        for (JsonNode one : JSON.readTree(System.in)) {
            ObjectNode answer = JSON.createObjectNode();
            byte[] data = Base64.getDecoder().decode(one.get("data").asText());
            String schema = one.get("schema").asText();
            try {
                if (one.get("kind").asText().equals("JSON")) {
                    json(answer, schema, data);
                } else {
                    protobuf(answer, schema, data);
                }
            } catch (Exception | StackOverflowError error) {
                answer.removeAll();
                answer.put("error", error.getClass().getSimpleName() + ": " + error.getMessage());
            }
            answers.add(answer);
        }
        System.out.println(JSON.writeValueAsString(answers));
    }

    private static void json(ObjectNode answer, String text, byte[] data) throws Exception {
        JsonSchemaDataConfig config = new JsonSchemaDataConfig(Map.of());
        org.everit.json.schema.Schema read =
            SchemaLoader.builder().schemaJson(new JSONObject(text)).build().load().build();
        Schema schema = new JsonSchemaToConnectSchemaConverter(config).toConnectSchema(read);
        Object value = new JsonNodeToConnectValueConverter(config).toConnectValue(schema, JSON.readTree(data));
        answer.set("schema", ConverterOracle.schema(schema));
        answer.set("value", ConverterOracle.value(schema, value));
    }

    private static void protobuf(ObjectNode answer, String text, byte[] data) throws Exception {
        Descriptors.FileDescriptor file = ProtobufSchemaParser.parse(text, "case.proto");
        Message message = (Message) new ProtobufWireFormatDecoder(new MessageIndexFinder())
            .decode(data, file, ProtobufMessageType.DYNAMIC_MESSAGE);
        Schema schema = new ProtobufSchemaToConnectSchemaConverter().toConnectSchema(message);
        Object value = new ProtobufDataToConnectDataConverter().toConnectData(message, schema);
        answer.set("schema", ConverterOracle.schema(schema));
        answer.set("value", ConverterOracle.value(schema, value));
    }
}
