import com.amazonaws.services.schemaregistry.serializers.GlueSchemaRegistryKafkaSerializer;
import com.amazonaws.services.schemaregistry.serializers.json.JsonDataWithSchema;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.ExtensionRegistry;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import metadata.ProtobufSchemaMetadata;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;

/** Writes values from stdin with AWS's own serialisers, which register their schemas, and prints the bytes. */
public class GlueProducer {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        ArrayNode written = json.createArrayNode();
        for (JsonNode one : json.readTree(System.in)) {
            Map<String, Object> config = new HashMap<>();
            one.get("config").fields().forEachRemaining(each -> config.put(each.getKey(), each.getValue().asText()));
            GlueSchemaRegistryKafkaSerializer serializer = new GlueSchemaRegistryKafkaSerializer(config);
            byte[] bytes = serializer.serialize("orders", value(one));
            written.add(Base64.getEncoder().encodeToString(bytes));
        }
        System.out.println(json.writeValueAsString(written));
    }

    private static Object value(JsonNode one) throws Exception {
        String format = one.get("config").get("dataFormat").asText();
        if (format.equals("JSON")) {
            return JsonDataWithSchema.builder(one.get("schema").asText(), one.get("value").asText()).build();
        }
        if (format.equals("AVRO")) {
            Schema schema = new Schema.Parser().parse(one.get("schema").asText());
            return new GenericDatumReader<Object>(schema)
                .read(null, DecoderFactory.get().jsonDecoder(schema, one.get("value").asText()));
        }
        byte[] files = Base64.getDecoder().decode(one.get("files").asText());
        ExtensionRegistry options = ExtensionRegistry.newInstance();
        ProtobufSchemaMetadata.registerAllExtensions(options);
        Descriptor descriptor = descriptor(FileDescriptorSet.parseFrom(files, options), one.get("message"));
        return DynamicMessage.parseFrom(descriptor, Base64.getDecoder().decode(one.get("value").asText()));
    }

    private static Descriptor descriptor(FileDescriptorSet set, JsonNode path) throws Exception {
        Map<String, FileDescriptor> made = new LinkedHashMap<>();
        FileDescriptor last = null;
        for (FileDescriptorProto file : set.getFileList()) {
            FileDescriptor[] needed =
                file.getDependencyList().stream().map(made::get).toArray(FileDescriptor[]::new);
            last = FileDescriptor.buildFrom(file, needed);
            made.put(file.getName(), last);
        }
        Descriptor found = last.findMessageTypeByName(path.get(0).asText());
        for (int step = 1; step < path.size(); step++) {
            found = found.findNestedTypeByName(path.get(step).asText());
        }
        return found;
    }
}
