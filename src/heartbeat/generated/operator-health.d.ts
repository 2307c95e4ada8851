// Generated from proto/api/v1 by `npm run proto`. Not to be edited.
import * as $protobuf from "protobufjs";
export namespace api {

    namespace v1 {

        enum HealthStatus {
            HEALTH_STATUS_UNSPECIFIED = 0,
            HEALTH_STATUS_HEALTHY = 1,
            HEALTH_STATUS_DEGRADED = 2,
            HEALTH_STATUS_UNHEALTHY = 3
        }

        interface IComponentHealth {
            name?: (string|null);
            status?: (api.v1.HealthStatus|null);
            message?: (string|null);
            metadata?: ({ [k: string]: string }|null);
        }

        class ComponentHealth implements IComponentHealth {
            constructor(properties?: api.v1.IComponentHealth);
            public name: string;
            public status: api.v1.HealthStatus;
            public message: string;
            public metadata: { [k: string]: string };
            public static encode(message: api.v1.IComponentHealth, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): api.v1.ComponentHealth;
        }

        interface IReportHealthRequest {
            clusterId?: (string|null);
            operatorType?: (api.v1.OperatorType|null);
            version?: (string|null);
            overallStatus?: (api.v1.HealthStatus|null);
            components?: (api.v1.IComponentHealth[]|null);
            uptimeSince?: (google.protobuf.ITimestamp|null);
            commit?: (string|null);
        }

        class ReportHealthRequest implements IReportHealthRequest {
            constructor(properties?: api.v1.IReportHealthRequest);
            public clusterId: string;
            public operatorType: api.v1.OperatorType;
            public version: string;
            public overallStatus: api.v1.HealthStatus;
            public components: api.v1.IComponentHealth[];
            public uptimeSince?: (google.protobuf.ITimestamp|null);
            public commit: string;
            public static encode(message: api.v1.IReportHealthRequest, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): api.v1.ReportHealthRequest;
        }

        interface IReportHealthResponse {
            collectNow?: (boolean|null);
        }

        class ReportHealthResponse implements IReportHealthResponse {
            constructor(properties?: api.v1.IReportHealthResponse);
            public collectNow: boolean;
            public static encode(message: api.v1.IReportHealthResponse, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): api.v1.ReportHealthResponse;
        }

        interface IConnectorHealthStatus {
            connectorId?: (string|null);
            status?: (string|null);
            error?: (string|null);
            checkedAt?: (google.protobuf.ITimestamp|null);
        }

        class ConnectorHealthStatus implements IConnectorHealthStatus {
            constructor(properties?: api.v1.IConnectorHealthStatus);
            public connectorId: string;
            public status: string;
            public error?: (string|null);
            public checkedAt?: (google.protobuf.ITimestamp|null);
            public static encode(message: api.v1.IConnectorHealthStatus, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): api.v1.ConnectorHealthStatus;
        }

        interface IReportConnectorHealthRequest {
            clusterId?: (string|null);
            statuses?: (api.v1.IConnectorHealthStatus[]|null);
        }

        class ReportConnectorHealthRequest implements IReportConnectorHealthRequest {
            constructor(properties?: api.v1.IReportConnectorHealthRequest);
            public clusterId: string;
            public statuses: api.v1.IConnectorHealthStatus[];
            public static encode(message: api.v1.IReportConnectorHealthRequest, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): api.v1.ReportConnectorHealthRequest;
        }

        interface IReportConnectorHealthResponse {
        }

        class ReportConnectorHealthResponse implements IReportConnectorHealthResponse {
            constructor(properties?: api.v1.IReportConnectorHealthResponse);
            public static encode(message: api.v1.IReportConnectorHealthResponse, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): api.v1.ReportConnectorHealthResponse;
        }

        enum OperatorType {
            OPERATOR_TYPE_UNSPECIFIED = 0,
            OPERATOR_TYPE_READ = 1,
            OPERATOR_TYPE_WRITE = 2,
            OPERATOR_TYPE_NODE = 3,
            OPERATOR_TYPE_SECURITY = 4,
            OPERATOR_TYPE_NETWORK = 5,
            OPERATOR_TYPE_COST = 6,
            OPERATOR_TYPE_SNAPSHOT = 7
        }
    }
}

export namespace google {

    namespace protobuf {

        interface ITimestamp {
            seconds?: (number|null);
            nanos?: (number|null);
        }

        class Timestamp implements ITimestamp {
            constructor(properties?: google.protobuf.ITimestamp);
            public seconds: number;
            public nanos: number;
            public static encode(message: google.protobuf.ITimestamp, writer?: $protobuf.Writer): $protobuf.Writer;
            public static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.protobuf.Timestamp;
        }
    }
}
