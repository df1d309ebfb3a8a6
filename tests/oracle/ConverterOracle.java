import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/** Runs cases from stdin through Kafka's own converters and prints what they make of them, as JSON. */
public class ConverterOracle {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        ArrayNode answers = JSON.createArrayNode();
        for (JsonNode one : JSON.readTree(System.in)) {
            answers.add(answer(one));
        }
        System.out.println(JSON.writeValueAsString(answers));
    }

    private static ObjectNode answer(JsonNode one) throws Exception {
        ObjectNode answer = JSON.createObjectNode();
        byte[] data = one.get("data").isNull() ? null : Base64.getDecoder().decode(one.get("data").asText());
        Map<String, Object> config = new HashMap<>();
        one.get("config").fields().forEachRemaining(each -> config.put(each.getKey(), each.getValue().asText()));
        try {
            SchemaAndValue found = convert(one.get("class").asText(), config, data);
            Schema schema = found == null ? null : found.schema();
            answer.set("schema", schema(schema));
            answer.set("value", value(schema, found == null ? null : found.value()));
        } catch (Exception error) {
            answer.removeAll();
            answer.put("error", String.valueOf(error.getMessage()));
        }
        return answer;
    }

    private static SchemaAndValue convert(String name, Map<String, Object> config, byte[] data) throws Exception {
        Object made = Class.forName(name).getDeclaredConstructor().newInstance();
        if (made instanceof Converter) {
            ((Converter) made).configure(config, false);
            return ((Converter) made).toConnectData("topic", data);
        }
        config.put("converter.type", "header");
        ((HeaderConverter) made).configure(config);
        return ((HeaderConverter) made).toConnectHeader("topic", "header", data);
    }

    static JsonNode schema(Schema schema) {
        if (schema == null) {
            return JSON.nullNode();
        }
        ObjectNode shown = JSON.createObjectNode();
        shown.put("type", schema.type().name());
        shown.put("optional", schema.isOptional());
        shown.put("name", schema.name());
        shown.put("version", schema.version());
        shown.put("doc", schema.doc());
        shown.set("parameters", JSON.valueToTree(schema.parameters() == null ? Map.of() : schema.parameters()));
        shown.set("default", schema.defaultValue() == null ? null : value(schema, schema.defaultValue()));
        if (schema.type() == Schema.Type.STRUCT) {
            ArrayNode fields = shown.putArray("fields");
            for (Field field : schema.fields()) {
                fields.addArray().add(field.name()).add(schema(field.schema()));
            }
        }
        if (schema.type() == Schema.Type.MAP) {
            shown.set("keys", schema(schema.keySchema()));
        }
        if (schema.type() == Schema.Type.MAP || schema.type() == Schema.Type.ARRAY) {
            shown.set("values", schema(schema.valueSchema()));
        }
        return shown;
    }

    static ObjectNode value(Schema schema, Object value) {
        ObjectNode shown = JSON.createObjectNode();
        if (value == null) {
            shown.put("kind", "null");
        } else if (value instanceof Boolean) {
            shown.put("boolean", (Boolean) value);
        } else if (value instanceof Float || value instanceof Double) {
            shown.put("float", value.toString());
        } else if (value instanceof BigDecimal) {
            shown.put("decimal", ((BigDecimal) value).toPlainString());
        } else if (value instanceof Number) {
            shown.put("integer", value.toString());
        } else if (value instanceof String) {
            shown.put("text", (String) value);
        } else if (value instanceof byte[]) {
            shown.put("bytes", Base64.getEncoder().encodeToString((byte[]) value));
        } else if (value instanceof ByteBuffer) {
            shown.put("bytes", Base64.getEncoder().encodeToString(((ByteBuffer) value).array()));
        } else if (value instanceof java.util.Date) {
            moment(shown, schema == null ? "none" : schema.name(), (java.util.Date) value);
        } else if (value instanceof List) {
            ArrayNode items = shown.putArray("list");
            for (Object each : (List<?>) value) {
                items.add(value(schema == null ? null : schema.valueSchema(), each));
            }
        } else if (value instanceof Map) {
            ArrayNode items = shown.putArray("map");
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                items.addArray()
                    .add(value(schema == null ? null : schema.keySchema(), each.getKey()))
                    .add(value(schema == null ? null : schema.valueSchema(), each.getValue()));
            }
        } else {
            struct(shown.putArray("map"), (Struct) value);
        }
        return shown;
    }

    private static void struct(ArrayNode items, Struct struct) {
        for (Field field : struct.schema().fields()) {
            ObjectNode name = JSON.createObjectNode().put("text", field.name());
            items.addArray().add(name).add(value(field.schema(), struct.getWithoutDefault(field.name())));
        }
    }

    private static void moment(ObjectNode shown, String name, java.util.Date value) {
        if (Date.LOGICAL_NAME.equals(name)) {
            shown.put("date", value.getTime() / 86_400_000L);
        } else if (Time.LOGICAL_NAME.equals(name)) {
            shown.put("time", value.getTime());
        } else {
            shown.put("timestamp", value.getTime());
        }
    }
}
