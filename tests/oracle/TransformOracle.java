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
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/** Runs cases from stdin through Kafka's own transforms and predicates and prints what they make of them, as JSON. */
public class TransformOracle {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        ArrayNode answers = JSON.createArrayNode();
        for (JsonNode one : JSON.readTree(System.in)) {
            answers.add(one.has("config") ? transformed(one) : defined(one.get("class").asText()));
        }
        System.out.println(JSON.writeValueAsString(answers));
    }

    /** The options that a class has. */
    private static ArrayNode defined(String name) throws Exception {
        Object made = Class.forName(name).getDeclaredConstructor().newInstance();
        ConfigDef defined = made instanceof Predicate
            ? ((Predicate<?>) made).config() : ((Transformation<?>) made).config();
        ArrayNode options = JSON.createArrayNode();
        for (ConfigDef.ConfigKey key : defined.configKeys().values()) {
            options.addArray().add(key.name).add(key.type.name()).add(key.hasDefault()).add(key.importance.name())
                .add(key.hasDefault() ? String.valueOf(key.defaultValue) : null);
        }
        return options;
    }

    /** What becomes of each record of a case. */
    private static JsonNode transformed(JsonNode one) throws Exception {
        Map<String, Object> config = new HashMap<>();
        one.get("config").properties().forEach(each -> config.put(each.getKey(), each.getValue().asText()));
        Object made = Class.forName(one.get("class").asText()).getDeclaredConstructor().newInstance();
        try {
            if (made instanceof Predicate) {
                ((Predicate<?>) made).configure(config);
            } else {
                ((Transformation<?>) made).configure(config);
            }
        } catch (Exception error) {
            return error(error);
        }
        ArrayNode answers = JSON.createArrayNode();
        for (JsonNode record : one.get("records")) {
            try {
                answers.add(applied(made, record(record)));
            } catch (Exception error) {
                answers.add(error(error));
            }
        }
        return answers;
    }

    @SuppressWarnings("unchecked")
    private static JsonNode applied(Object made, SinkRecord record) {
        if (made instanceof Predicate) {
            return JSON.getNodeFactory().booleanNode(((Predicate<SinkRecord>) made).test(record));
        }
        SinkRecord after = ((Transformation<SinkRecord>) made).apply(record);
        if (after == null) {
            return JSON.nullNode();
        }
        ObjectNode shown = JSON.createObjectNode();
        shown.put("topic", after.topic());
        shown.put("timestamp", after.timestamp());
        shown.set("keySchema", schema(after.keySchema()));
        shown.set("key", value(after.keySchema(), after.key()));
        shown.set("valueSchema", schema(after.valueSchema()));
        shown.set("value", value(after.valueSchema(), after.value()));
        ArrayNode headers = shown.putArray("headers");
        for (Header header : after.headers()) {
            headers.addArray().add(header.key()).add(value(header.schema(), header.value()));
        }
        return shown;
    }

    private static SinkRecord record(JsonNode one) {
        SchemaAndValue key = data(one.get("key"));
        SchemaAndValue value = data(one.get("value"));
        Long timestamp = one.get("timestamp").isNull() ? null : one.get("timestamp").asLong();
        SinkRecord record = new SinkRecord(one.get("topic").asText(), one.get("partition").asInt(), key.schema(),
            key.value(), value.schema(), value.value(), one.get("offset").asLong(), timestamp,
            timestamp == null ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME);
        for (JsonNode header : one.get("headers")) {
            record.headers().addString(header.get(0).asText(), header.get(1).asText());
        }
        return record;
    }

    private static SchemaAndValue data(JsonNode one) {
        JsonConverter converter = new JsonConverter();
        boolean enabled = one.get("schemas").asBoolean();
        converter.configure(Map.of("schemas.enable", enabled, "replace.null.with.default", false), false);
        JsonNode text = one.get("data");
        return converter.toConnectData("topic", text.isNull() ? null : text.asText().getBytes());
    }

    private static ObjectNode error(Exception error) {
        return JSON.createObjectNode().put("error", String.valueOf(error.getMessage()));
    }

    private static JsonNode schema(Schema schema) {
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

    private static ObjectNode value(Schema schema, Object value) {
        ObjectNode shown = JSON.createObjectNode();
        if (value == null) {
            shown.put("kind", "null");
        } else if (value instanceof Boolean) {
            shown.put("boolean", (Boolean) value);
        } else if (value instanceof Float || value instanceof Double) {
            shown.put("float", value.toString());
        } else if (value instanceof BigDecimal) {
            shown.put("decimal", value.toString());
        } else if (value instanceof Number) {
            shown.put("integer", value.toString());
        } else if (value instanceof String) {
            shown.put("text", (String) value);
        } else if (value instanceof byte[]) {
            shown.put("bytes", Base64.getEncoder().encodeToString((byte[]) value));
        } else if (value instanceof ByteBuffer) {
            shown.put("bytes", Base64.getEncoder().encodeToString(((ByteBuffer) value).array()));
        } else if (value instanceof java.util.Date) {
            shown.put("moment", ((java.util.Date) value).getTime());
        } else if (value instanceof List) {
            ArrayNode items = shown.putArray("list");
            for (Object each : (List<?>) value) {
                items.add(value(schema == null ? null : schema.valueSchema(), each));
            }
        } else if (value instanceof Map) {
            ArrayNode items = shown.putArray("map");
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                items.addArray().add(value(null, each.getKey())).add(value(null, each.getValue()));
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
}
